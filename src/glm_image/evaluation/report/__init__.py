"""Results for readers: on the terminal, as Markdown and as one HTML file."""
