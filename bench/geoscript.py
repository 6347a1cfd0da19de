"""What an analyst writes instead of ``script/gis check``: read, join, overlay, print.

``geoscript.py AREAS GRIDS BUILDINGS [--unions]``. Used by ``bench/check.py`` as the contender. Gaps
come from ``overlay(how="difference")``, which is what one finds first, or, with ``--unions``,
from the difference of two unions, which is what one writes when that is too slow.
"""

from __future__ import annotations

import json
import sys
import time

import geopandas as gpd

began = time.perf_counter()


def _tell(step: str) -> None:
    print(f"# {time.perf_counter() - began:6.2f} s {step}", file=sys.stderr)


areas = gpd.read_file(sys.argv[1])
grids = gpd.read_file(sys.argv[2]).to_crs(areas.crs)
buildings = (gpd.read_parquet if sys.argv[3].endswith(".parquet") else gpd.read_file)(sys.argv[3]).to_crs(areas.crs)
_tell("read")
buildings["geometry"] = buildings.representative_point()
_tell("points")
joined = gpd.sjoin(buildings, grids[["geometry"]], predicate="intersects", how="left")
unassigned = joined[joined["index_right"].isna()]
_tell("sjoin")
if "--unions" in sys.argv:
    gaps = gpd.GeoSeries([areas.union_all().difference(grids.union_all())], crs=areas.crs).explode()
    gaps = gaps[~gaps.is_empty]
else:
    gaps = gpd.overlay(areas[["geometry"]], grids[["geometry"]], how="difference")
    gaps = gaps.explode(index_parts=False)
_tell("gaps")
pairs = gpd.sjoin(grids[["geometry"]], grids[["geometry"]], predicate="overlaps")
pairs = pairs[pairs.index < pairs["index_right"]]
overlaps = pairs.geometry.intersection(grids.geometry.loc[pairs["index_right"]], align=False)
_tell("overlaps")
metric = grids.estimate_utm_crs()
print(
    json.dumps(
        {
            "unassigned": len(unassigned),
            "gaps": len(gaps),
            "gap_m2": float(gaps.to_crs(metric).area.sum()),
            "overlaps": len(overlaps),
            "overlap_m2": float(overlaps.to_crs(metric).area.sum()) if len(overlaps) else 0,
        }
    )
)
_tell("done")
