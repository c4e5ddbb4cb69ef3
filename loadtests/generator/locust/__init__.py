"""What ties the generator to Locust: its options, its page, its statistics, and the locustfiles."""
