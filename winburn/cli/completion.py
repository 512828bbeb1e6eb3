"""``winburn completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what teaches a shell to complete winburn's commands, options,
    files, and the names of SLOs, experiments and variants in a spec.

    Load it when the shell starts, as below, or put it where the shell looks
    for completions. bash must be 4.4 or newer.

    \b
    Examples:
      winburn completion bash > ~/.winburn-completion
      echo '. ~/.winburn-completion' >> ~/.bashrc
      winburn completion zsh > ~/.winburn-completion
      echo '. ~/.winburn-completion' >> ~/.zshrc   # after compinit
      winburn completion fish > ~/.config/fish/completions/winburn.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"click knows no shell {shell}")
    # The text itself, not .source(), which for bash would ask the bash on PATH for its version: it may be another's.
    made = found(ctx.find_root().command, {}, "winburn", "_WINBURN_COMPLETE")
    click.echo(made.source_template % made.source_vars())
