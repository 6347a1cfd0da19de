"""What is stored: areas, networks, grids, buildings, incidents, basemap, imports."""
