"""The shapes of requests and answers as OpenAPI shows them: one file a wire protocol."""
