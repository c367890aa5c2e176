"""The REST and event API: resources, problems, lists in pages, and the document of them."""
