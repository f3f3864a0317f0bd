"""The networks, one file a family; `learning.literature` and its neighbours say how each is trained."""
