"""HTTP beside the pages: tiles, style, assets, health."""
