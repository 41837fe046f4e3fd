"""Pure rules: everything is decided from arguments, without I/O and without reading a clock."""
