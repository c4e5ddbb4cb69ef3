"""Measures what each variant costs under real HTTP load: throughput and latency against accuracy."""
