"""The pages: what a person sees and does, rendered here and kept live by small islands."""
