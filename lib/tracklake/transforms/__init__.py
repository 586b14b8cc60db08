"""Pure functions from DataFrame to DataFrame: the rules of the tables, without I/O."""
