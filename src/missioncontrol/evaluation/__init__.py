"""Evaluation: what is an agent tried on, how did it do, and is it better than another?"""
