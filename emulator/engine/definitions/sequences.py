"""CREATE, ALTER and DROP SEQUENCE.

Source: Oracle SQL Language Reference 23ai, CREATE SEQUENCE and ALTER SEQUENCE.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from emulator.engine.definition_parser import DefinitionParser
from emulator.engine.definitions.work import Statement, Work, forget_object, store_object
from emulator.engine.objects import Sequence
from emulator.engine.prepared import DefinitionPlan
from emulator.errors import NotEmulated, OraError

_HIGHEST = 10**28 - 1
_LOWEST = -(10**27 - 1)
_DEFAULT_CACHE = 20
_REFUSED = frozenset({"SCALE", "EXTEND", "SHARD", "SESSION", "KEEP", "SHARING"})


class _Options:
    """The clauses of one statement; None where a clause is missing."""

    def __init__(self) -> None:
        self.start: int | None = None
        self.increment: int | None = None
        self.minimum: int | None = None
        self.maximum: int | None = None
        self.has_no_minimum = self.has_no_maximum = False
        self.cycle: bool | None = None
        self.cache: int | None = None
        self.order: bool | None = None
        self.restarts = False


def take_options(parser: DefinitionParser) -> _Options:
    """Take the clauses of a sequence up to something else."""
    options = _Options()
    while parser.token.kind != "end":
        offset = parser.token.offset
        if parser.accept("START", "WITH"):
            options.start = parser.number()
        elif parser.accept("RESTART"):
            options.restarts = True
        elif parser.accept("INCREMENT", "BY"):
            options.increment = parser.number()
            if options.increment == 0:
                raise OraError(4002, offset=offset)
        elif parser.accept("MINVALUE"):
            options.minimum = parser.number()
        elif parser.accept("NOMINVALUE"):
            options.has_no_minimum = True
        elif parser.accept("MAXVALUE"):
            options.maximum = parser.number()
        elif parser.accept("NOMAXVALUE"):
            options.has_no_maximum = True
        elif parser.accept("CYCLE") or parser.accept("NOCYCLE"):
            options.cycle = parser.peek(-1).word == "CYCLE"
        elif parser.accept("CACHE"):
            options.cache = parser.number()
            if options.cache < 2:
                raise OraError(4010, offset=offset)
        elif parser.accept("NOCACHE"):
            options.cache = 1
        elif parser.accept("ORDER") or parser.accept("NOORDER"):
            options.order = parser.peek(-1).word == "ORDER"
        elif parser.token.word in _REFUSED:
            raise NotEmulated(f"{parser.token.word} of a sequence", offset=offset)
        elif not (parser.accept("GLOBAL") or parser.accept("NOKEEP") or parser.accept("NOSCALE")):
            break
    return options


def new_sequence(owner: str, name: str, options: _Options) -> Sequence:
    """Return the sequence that clauses describe.

    Raises:
        OraError: 4004 to 4013, they contradict each other.
    """
    increment = options.increment or 1
    rises = increment > 0
    minimum = options.minimum if options.minimum is not None else (1 if rises else _LOWEST)
    maximum = options.maximum if options.maximum is not None else (_HIGHEST if rises else -1)
    start = options.start if options.start is not None else (minimum if rises else maximum)
    made = Sequence(
        owner,
        name,
        start,
        increment,
        minimum,
        maximum,
        cycle=bool(options.cycle),
        cache=options.cache or _DEFAULT_CACHE,
        order=bool(options.order),
    )
    _check(made)
    if start < minimum:
        raise OraError(4006)
    if start > maximum:
        raise OraError(4008)
    return made


def _check(sequence: Sequence) -> None:
    if sequence.minimum >= sequence.maximum:
        raise OraError(4004)
    if abs(sequence.increment) > sequence.maximum - sequence.minimum:
        raise OraError(4005)
    one_cycle = (sequence.maximum - sequence.minimum) // abs(sequence.increment) + 1
    if sequence.cycle and sequence.cache > one_cycle:
        raise OraError(4013)


def creating_statements(sequence: Sequence) -> list[Statement]:
    """Return what stores a new sequence."""
    definition = {key: value for key, value in asdict(sequence).items() if key not in {"owner", "name"}}
    stored = store_object(sequence.owner, sequence.name, "SEQUENCE", json.dumps(definition))
    return [stored, sequence.mark_statement(sequence.start)]


def dropping_statements(sequence: Sequence) -> list[Statement]:
    """Return what removes a sequence."""
    return [
        *forget_object(sequence.owner, sequence.name, "SEQUENCE"),
        ("DELETE FROM _counters WHERE name = ?", (sequence.counter,)),
    ]


def create_sequence(work: Work) -> DefinitionPlan:
    """Plan CREATE SEQUENCE."""
    exists_allowed = work.parser.accept("IF", "NOT", "EXISTS")
    offset = work.parser.token.offset
    owner, name = work.parser.qualified_name()
    owner = owner or work.scope.schema
    work.need("CREATE SEQUENCE", owner)
    made = new_sequence(owner, name, take_options(work.parser))
    if work.catalogue.name_is_used(owner, name):
        if exists_allowed and made.key in work.catalogue.sequences:
            return DefinitionPlan(())
        raise OraError(955, offset=offset)
    return DefinitionPlan(tuple(creating_statements(made)), changes_sequences=True)


def _own_sequence(work: Work, privilege: str) -> Sequence:
    owner, name = work.parser.qualified_name()
    owner = owner or work.scope.schema
    found = work.catalogue.sequences.get((owner, name))
    if found is None or not work.catalogue.may_see(work.scope, owner, name):
        raise OraError(2289)
    if owner != work.scope.user:
        work.need(privilege, owner)
    return found


def alter_sequence(work: Work) -> DefinitionPlan:
    """Plan ALTER SEQUENCE; values in memory are lost, as in Oracle."""
    known = _own_sequence(work, "ALTER SEQUENCE")
    options = take_options(work.parser)
    if options.start is not None and not options.restarts:
        raise OraError(2283)
    changed = replace(
        known,
        increment=options.increment or known.increment,
        cycle=known.cycle if options.cycle is None else options.cycle,
        cache=options.cache or known.cache,
        order=known.order if options.order is None else options.order,
    )
    rises = changed.increment > 0
    if options.minimum is not None or options.has_no_minimum:
        changed = replace(changed, minimum=options.minimum if options.minimum is not None else 1 if rises else _LOWEST)
    if options.maximum is not None or options.has_no_maximum:
        highest = _HIGHEST if rises else -1
        changed = replace(changed, maximum=options.maximum if options.maximum is not None else highest)
    _check(changed)
    stored = creating_statements(changed)[0]
    if not options.restarts:
        return DefinitionPlan((stored,), changes_sequences=True)
    first = options.start if options.start is not None else changed.minimum if rises else changed.maximum
    return DefinitionPlan((stored, changed.mark_statement(first)), changes_sequences=True)


def drop_sequence(work: Work) -> DefinitionPlan:
    """Plan DROP SEQUENCE."""
    if work.parser.accept("IF", "EXISTS"):
        owner, name = work.parser.qualified_name()
        found = work.catalogue.sequences.get((owner or work.scope.schema, name))
        if found is None:
            return DefinitionPlan(())
        if found.owner != work.scope.user:
            work.need("DROP SEQUENCE", found.owner)
    else:
        found = _own_sequence(work, "DROP SEQUENCE")
    return DefinitionPlan(tuple(dropping_statements(found)), changes_sequences=True)
