"""What the service takes into its own hands beneath ASGI: uvicorn's protocol, its bounds, and its end."""
