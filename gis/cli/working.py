"""Verb ``worker``: what brings the coverage up to date, run by hand (``script/server`` starts one by itself)."""

from __future__ import annotations

from gis import jobs
from gis.db import cluster
from gis.db import migrations
from gis.settings import DatabaseSettings


def worker() -> None:
    """运行后台任务进程:数据一有变动就重新计算有关的社区,每天全部重算一次。Ctrl-C 停止。."""
    if DatabaseSettings().database_url is None:
        cluster.start(cluster.Cluster.default())
    migrations.migrate()
    jobs.main()
