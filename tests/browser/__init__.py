"""The console as a person sees it: a real home, a real engine, a real browser."""
