"""What a run of rising rates comes to: who answers most rows rightly and in time, and at which load."""
