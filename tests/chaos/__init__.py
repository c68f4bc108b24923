"""Chaos: seeded faults in real processes, judged by the tables; ``make chaos`` runs it."""
