"""SQL: rows, statements, and the one seam through which they reach a database."""
