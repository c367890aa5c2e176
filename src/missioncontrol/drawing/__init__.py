"""How is a graph drawn? One model, one layout, and its forms: SVG for pages and files, Mermaid."""
