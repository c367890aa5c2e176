"""Work items: what people and agents have to do, wherever it comes from."""
