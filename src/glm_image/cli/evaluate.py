"""``glm-image evaluate``: measure what a model draws, and show it."""

import typer

from glm_image.cli import evaluate_generate, evaluate_posters, evaluate_report, evaluate_score

app = typer.Typer(help="Measure what a model draws.", no_args_is_help=True)
evaluate_generate.register(app)
evaluate_score.register(app)
evaluate_report.register(app)
evaluate_posters.register(app)
