"""The pages: what a person sees and does, rendered here and updated live by small islands."""
