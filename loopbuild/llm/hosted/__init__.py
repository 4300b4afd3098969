"""Models of other people's making that write text, reached over the network through litellm."""
