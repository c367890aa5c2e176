"""What we test with, and offer to plug-in authors: simulator, fakes, contracts of ports."""
