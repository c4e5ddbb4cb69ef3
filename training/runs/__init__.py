"""The whole job: from a config to a published bundle, once or from several seeds."""
