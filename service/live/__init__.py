"""What live requests tell of the variants: how often two agree, and how often one is right."""
