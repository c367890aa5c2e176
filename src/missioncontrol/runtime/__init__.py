"""The runtime: the loops that commit, dispatch, watch and recover as time passes."""
