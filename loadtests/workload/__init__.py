"""What is sent, where to, and when: payloads, targets, orders, arrivals and scenarios."""
