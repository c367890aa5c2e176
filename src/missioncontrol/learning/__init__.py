"""What can be learned from a repository, and done with it again?"""
