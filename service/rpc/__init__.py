"""The gRPC front, for clients that speak nothing else: imported only where it is asked for."""
