"""SQLAlchemy's ``oracle+oracledb`` dialect: reflects tables and runs queries. Prints one JSON object.

Run by ``make second-clients``; settings come from the environment: ADG_USER, ADG_PASSWORD, ADG_DSN.
"""

from __future__ import annotations

import json
import os
from typing import Any

import sqlalchemy as sa

_PARENT = """
create table alchemy_pictures (
  id number(9) primary key, name varchar2(40) not null, size_kb number(8, 2), img blob)
"""
_VIEW = "create view alchemy_large as select id, name from alchemy_pictures where size_kb > 100"
_CHILD = """
create table alchemy_embeddings (
  id number(9) not null constraint alchemy_embeddings_pk primary key,
  picture number(9) constraint alchemy_embeddings_fk references alchemy_pictures (id) on delete cascade,
  model varchar2(30) default 'clip' not null,
  made timestamp,
  constraint alchemy_embeddings_u unique (picture, model))
"""


def main() -> None:
    """Do what an application does, and print what came of it."""
    url = sa.URL.create("oracle+oracledb", os.environ["ADG_USER"], os.environ["ADG_PASSWORD"])
    engine = sa.create_engine(url, connect_args={"dsn": os.environ["ADG_DSN"]})
    steps: dict[str, Any] = {}
    with engine.begin() as connection:
        for statement in (_PARENT, _CHILD, "create index alchemy_names on alchemy_pictures (name)", _VIEW):
            connection.exec_driver_sql(statement)
    inspector = sa.inspect(engine)
    steps["tables"] = sorted(name for name in inspector.get_table_names() if name.startswith("alchemy"))
    steps["views"] = inspector.get_view_names()
    steps["columns"] = [
        [column["name"], repr(column["type"]), column["nullable"]]
        for column in inspector.get_columns("alchemy_pictures")
    ]
    steps["primary key"] = inspector.get_pk_constraint("alchemy_embeddings")["constrained_columns"]
    steps["foreign keys"] = [
        [key["constrained_columns"], key["referred_table"], key["referred_columns"], key["options"]]
        for key in inspector.get_foreign_keys("alchemy_embeddings")
    ]
    steps["unique"] = [key["column_names"] for key in inspector.get_unique_constraints("alchemy_embeddings")]
    steps["indexes"] = [[index["name"], index["column_names"]] for index in inspector.get_indexes("alchemy_pictures")]
    pictures = sa.Table("alchemy_pictures", sa.MetaData(), autoload_with=engine)
    with engine.begin() as connection:
        rows = [{"id": n, "name": f"picture {n}", "size_kb": n * 60.5, "img": bytes([n]) * 9000} for n in range(1, 6)]
        connection.execute(pictures.insert(), rows)
        large = sa.select(pictures.c.name, pictures.c.size_kb).where(pictures.c.size_kb > 100).order_by(pictures.c.id)
        steps["query"] = [[name, float(size)] for name, size in connection.execute(large.limit(2).offset(1))]
        total = sa.select(sa.func.count(), sa.func.max(pictures.c.size_kb)).where(pictures.c.name.like("picture%"))
        steps["aggregate"] = [float(value) for value in connection.execute(total).one()]
        blob = connection.execute(sa.select(pictures.c.img).where(pictures.c.id == 3)).scalar_one()
        steps["LOB"] = [len(blob), blob[0]]
    try:
        with engine.begin() as connection:
            connection.execute(pictures.insert(), {"id": 1, "name": "again"})
    except sa.exc.IntegrityError as error:
        steps["ORA error"] = str(error.orig).splitlines()[0]
    engine.dispose()
    print(json.dumps(steps))  # noqa: T201 - the result, for the caller


if __name__ == "__main__":
    main()
