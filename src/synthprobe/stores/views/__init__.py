"""What pages and the JSON API show: read-only `Tx` parts that return view structs, in a fixed number of statements each."""
