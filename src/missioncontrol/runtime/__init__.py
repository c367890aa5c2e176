"""What lets time in: the loops that commit, dispatch, watch and recover."""
