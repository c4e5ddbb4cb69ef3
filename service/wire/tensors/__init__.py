"""The tensors of the Open Inference Protocol, over REST or gRPC: to rows, and from answers."""
