"""From files that people bring to arrays that a model can be fitted on."""
