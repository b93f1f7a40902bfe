"""What besides the path the decisions of a host look at, and a value for each way they may go."""
