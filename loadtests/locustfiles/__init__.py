"""What `locust -f` opens."""
