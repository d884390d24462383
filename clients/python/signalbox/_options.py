"""The options that the helpers for frameworks share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Tuple, TypedDict, Union, cast

if TYPE_CHECKING:
    from .connection import Connection


class TransportOptions(TypedDict, total=False):
    """How a transport asks."""

    #: "chatgpt" or "platform", for a model that is not pinned to one.
    route: Optional[str]
    #: "drop" leaves out tuning parameters that the ChatGPT route refuses and lists them
    #: in the evidence; "refuse" makes them an error. Frameworks send such parameters of
    #: their own accord, so the helpers have "drop".
    on_unsupported: str
    #: An answer of another model is an error.
    expect_model: bool


class Options(TransportOptions, total=False):
    """What every helper takes beside the arguments of its framework."""

    #: By default the connection that this process shares.
    connection: "Optional[Connection]"
    #: As of Connection, for one that is still to be made.
    binary: Optional[str]
    simulate: Union[bool, str, None]


def take_options(kwargs: dict[str, Any]) -> Tuple[Options, dict[str, Any]]:
    """Returns the Options among kwargs, and what is left for the framework."""
    names = Options.__optional_keys__
    options = {name: value for name, value in kwargs.items() if name in names}
    return cast(Options, options), {name: value for name, value in kwargs.items() if name not in names}
