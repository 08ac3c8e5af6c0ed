"""Published results, counted again from their own files; and what an audit says of what only one source has."""
