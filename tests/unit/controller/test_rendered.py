# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each variable is templated once for all templates that read it, and means what it meant before."""

from __future__ import annotations

from collections import ChainMap
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import rendered, templating

#: Another value each time that it is templated.
RANDOM = trust_as_template("{{ range(10 ** 12) | random }}")
NESTED = trust_as_template("{{ number }}")


def made(*layers: dict[str, Any]) -> templating.Templates:
    return templating.Templates(Templar(loader=DataLoader()), ChainMap(*layers), [])


def value(templates: templating.Templates, text: str) -> Any:
    return templates.value(trust_as_template(text), "test")


def test_templated_once() -> None:
    templates = made({"nested": NESTED}, {"number": RANDOM})
    assert value(templates, "{{ number }}") == value(templates, "{{ nested }}") == value(templates, "{{ number }}")
    assert value(made({"number": RANDOM}), "{{ number }}") != value(made({"number": RANDOM}), "{{ number }}")


def test_as_before_where_ansible_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above would pass without the module if this one did not show the difference."""
    variables = ChainMap({"nested": NESTED}, {"number": RANDOM})
    assert rendered.once(object(), variables) is variables
    monkeypatch.setattr(rendered, "once", lambda _templar, variables: variables)
    templates = templating.Templates(Templar(loader=DataLoader()), variables, [])
    assert value(templates, "{{ number }}") != value(templates, "{{ nested }}")


def test_an_earlier_layer_wins_and_later_ones_are_there() -> None:
    templates = made({"a": 1}, {}, {"a": 2, "b": trust_as_template("{{ a + 1 }}")})
    assert value(templates, "{{ [a, b] }}") == [1, 2]


def test_a_value_that_is_taken_is_a_copy() -> None:
    templates = made({"items": [{"a": [1]}], "same": trust_as_template("{{ items }}")})
    value(templates, "{{ same }}")[0]["a"].append(2)
    assert value(templates, "{{ same }}") == value(templates, "{{ items }}") == [{"a": [1]}]


def test_an_error_is_the_same_each_time() -> None:
    templates = made({"broken": trust_as_template("{{ nowhere.name }}"), "other": trust_as_template("{{ broken }}")})
    said = []
    for text in ("{{ broken }}", "{{ other }}", "{{ broken }}"):
        with pytest.raises(AnsibleError, match="'nowhere' is undefined") as caught:
            value(templates, text)
        said.append(str(caught.value))
    assert said[0] == said[2]
    assert value(templates, "{{ broken | default('none') }}") == "none"


def test_the_same_for_templates_of_files(tmp_path: Any) -> None:
    (tmp_path / "a.j2").write_text("{{ number }} {% include 'b.j2' %}\n", encoding="utf-8")
    (tmp_path / "b.j2").write_text("{{ nested }}", encoding="utf-8")
    templates = made({"nested": NESTED}, {"number": RANDOM})
    one, two = templates.file(str(tmp_path / "a.j2"), DataLoader(), "test").split()
    assert one == two == str(value(templates, "{{ number }}"))
