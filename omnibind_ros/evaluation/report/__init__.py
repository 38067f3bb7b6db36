"""The report: tables, pictures and goals."""
