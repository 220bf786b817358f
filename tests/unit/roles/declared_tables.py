# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role may say wrongly, and what is said of it: tables of test_declared.py."""

from __future__ import annotations

from typing import Any

COMPONENTS = [{"name": "web", "units": [{"name": "web.service"}], "files": [{"path": "/a", "template": "a.j2", "units": ["web.service"]}]}]
#: Directories that no role has for itself.
NOT_ITS_OWN = ("/", "/var/lib", "/proc/x", "/tmp/web", "/usr/web", "/var/lib/vannah", "/var/lib/vannah/x", "//srv/")


def components_with(files: Any = (), units: Any = (), **more: Any) -> list[Any]:
    """The component of the role with something else in it."""
    return [{**COMPONENTS[0], "files": [*COMPONENTS[0]["files"], *files], "units": [*COMPONENTS[0]["units"], *units], **more}]


#: What is in a component, and what is wrong with it.
CONTENTS: list[tuple[dict[str, Any], str]] = [
    ({"files": [{"path": "/b", "content": "x", "mode": "0640"}]}, ""),
    ({"files": [{"path": "/b", "state": "absent"}]}, ""),
    ({"files": [{"path": "b", "content": "x"}]}, "component web.files[1].path: a path on the host begins with /"),
    ({"files": [{"path": "/etc/../b", "content": "x"}]}, "component web.files[1].path: a path on the host begins with /"),
    ({"files": [{"path": "/etc/passwd", "content": "x"}]}, "component web.files[1].path: /etc/passwd belongs to the system"),
    ({"files": [{"path": "{{ __web_passwd }}", "content": "x"}]}, "component web.files[1].path: /etc/passwd belongs to the system"),
    ({"links": [{"path": "/etc/shadow", "target": "/x"}]}, "component web.links[0].path: /etc/shadow belongs to the system"),
    ({"files": [{"path": "/proc/b", "content": "x"}]}, "component web.files[1].path: /proc/b is in a tree in which no file"),
    ({"files": [{"path": "/b", "content": "x", "mode": "99"}]}, "component web.files[1].mode: a mode is octal digits in quotes"),
    ({"files": [{"path": "/b", "content": "x", "mode": 420}]}, "component web.files[1].mode: a mode is octal digits in quotes"),
    ({"files": [{"path": "/b", "content": "x", "template": "a.j2"}]}, "component web.files[1]: it has template and content"),
    ({"files": [{"path": "/b"}]}, "component web.files[1]: nothing says what it contains"),
    ({"files": [{"path": "/b", "template": "/etc/shadow"}]}, "component web.files[1].template: a template lies in"),
    ({"files": [{"path": "/b", "template": "../../shop/a.j2"}]}, "component web.files[1].template: a template lies in"),
    ({"files": [{"path": "/a", "content": "x"}]}, "component web.files[1]: /a is listed twice"),
    ({"files": [{"path": "/b", "content": text, "when": text} for text in "xy"]}, ""),
    ({"files": [{"path": "/etc/shop.conf", "content": "x"}]}, "component web.files[1]: the path /etc/shop.conf belongs to the role shop"),
    ({"units": [{"name": "shop.service"}]}, "component web.units[1]: the unit shop.service belongs to the role shop, too"),
    ({"units": [{"name": "web.service"}]}, "component web.units[1]: web.service is listed twice"),
    ({"units": [{"name": "b.service", "driver": "nothing"}]}, "component web.units[1].driver: there is no driver nothing"),
    ({"units": [{"name": "b.service", "template": "/b"}]}, "component web.units[1].template: a template lies in"),
    ({"units": [{"name": "b.service", "content": "b", "template": "a.j2"}]}, "component web.units[1]: it has content and template"),
    ({"units": [{"name": "b.service", "dropins": [{"name": "c"}]}]}, "component web.units[1].dropins[0]: it has not one source"),
    ({"users": [{"name": "root"}]}, "component web.users[0]: root belongs to the system"),
    ({"users": [{"name": "shop"}]}, "component web.users[0]: the user shop belongs to the role shop, too"),
    ({"sysctls": [{"name": "net.a", "value": "1"}]}, "component web.sysctls[0]: the sysctl net.a belongs to the role shop, too"),
]
#: The secret of another role, in every spelling that Ansible takes.
OTHER_SPELLINGS = (
    """lookup("vannah.healthcloud.secret", "shop_key")""",
    """a: "{{ lookup(\\"vannah.healthcloud.secret\\", \\"shop_key\\") }}" """,
    """a: '{{ lookup(''vannah.healthcloud.secret'', ''shop_key'') }}' """,
    """query('vannah.healthcloud.secret', 'shop_key')""",
    """q("vannah.healthcloud.secret", 'shop_key') | first""",
    """lookup( 'vannah.healthcloud.secret' , 'shop' ~ '_key')""",
    """lookup('vannah.healthcloud.secret', 'shop' + '_key')""",
    """lookup('vannah.healthcloud.secret', ('shop_key'))""",
    """lookup('vannah.healthcloud.secret', 'web_key', 'shop_key')""",
    """# {{ lookup('vannah.healthcloud.secret', 'shop_key') }}""",
    """lookup('vannah.healthcloud.secret', __web_named)""",
    """lookup('vannah.healthcloud.secret', __web_indirect)""",
    """lookup('vannah.healthcloud.secret', web_x | default('shop_key'))""",
    """lookup('vannah.healthcloud.secret', 'web_key' if f(x) else 'shop_key', wantlist=true)""",
)
#: Names that are not written down.
COMPUTED = (
    """lookup('vannah.healthcloud.secret', name)""",
    """lookup('vannah.healthcloud.secret', user.secret)""",
    """lookup('vannah.healthcloud.secret', prefix ~ '_key')""",
    """lookup('vannah.healthcloud.secret', *names)""",
    """lookup('vannah.healthcloud.secret', 'x' | replace('x', 'shop_key'))""",
    """with_vannah.healthcloud.secret: [shop_key]""",
    """plugin: vannah.healthcloud.secret""",
)
#: Other keys of the role web, and what is wrong with them; empty where nothing is.
DETAILS: list[tuple[dict[str, Any], str]] = [
    ({"tasks": "- vannah.healthcloud.converge:\n    roles: [web]"}, ""),
    ({"tasks": "- vannah.healthcloud.converge: {roles: [web]}\n  when: x"}, ""),
    ({"tasks": ""}, "-: the file is missing or empty"),
    ({"tasks": "- vannah.healthcloud.converge:\n    roles: [wep]"}, "-: no task converges the role web"),
    ({"tasks": "- ansible.builtin.debug:"}, "-: no task converges the role web"),
    ({"tasks": "- vannah.healthcloud.converge:\n    roles: [web, shop]"}, "-: a task converges shop, too"),
    (
        {"firewall_ports": [{"name": "w", "proto": "tcp", "from": ["edge"]}], "scrape_targets": []},
        "firewall_ports[0].port: tcp has ports, and none is given",
    ),
    ({"firewall_ports": [{"name": "w", "proto": "icmp", "port": 9, "from": []}]}, "firewall_ports[0].port: icmp has no ports"),
    ({"alert_rules": [{"alert": "A", "expr": "sum(up{job=\"web\", a='}'}) + a[5m]"}]}, ""),
    ({"alert_rules": [{"alert": "A", "expr": "up > {{ web_port }}"}]}, ""),
    ({"alert_rules": [{"alert": "A", "expr": "sum(up"}]}, "alert_rules[0].expr: a ( does not end"),
    ({"alert_rules": [{"alert": "A", "expr": "up{a='b')"}]}, "alert_rules[0].expr: a ) ends nothing"),
    ({"alert_rules": [{"alert": "A", "expr": "up{a='b}"}]}, "alert_rules[0].expr: a quote has no other at its end"),
    ({"alert_rules": [{"alert": "A b", "expr": "up"}]}, "alert_rules[0].alert: the name has other signs"),
    ({"alert_rules": [{"alert": "A", "expr": "up", "labels": {"a b": "c"}}]}, "alert_rules[0].labels: a b is a name"),
    ({"scrape_targets": [{"job": "web", "port": "{{web_port}}"}, {"job": "m", "port": 9}]}, ""),
    ({"given_secrets": [{"name": "web_key"}]}, "given_secrets[0]: the site makes web_key, and it comes from outside"),
    ({"registries": [{"name": "r", "user": "u", "password": "in plain"}]}, "registries[0].password: a password stands there"),
    ({"registries": [{"name": "r", "user": "", "password": ""}]}, ""),
    ({"site": ["web_realm", "site_name"]}, "variables.site_name: playbooks/vars/site_variables.yml declares site_name, too"),
    ({"site": ["web_realm", "shop_port"]}, "variables.shop_port: the role shop declares shop_port, too"),
    ({"removed": ["web_port"]}, "removed: web_port is said to be removed, and there is"),
    ({"removed": ["web_old"]}, ""),
    ({"artifacts": {"tool": {"url": "file:///etc/passwd"}}}, "tool.url: it is not an https URL"),
    ({"templates": "{{ web_port }} {{ __web_all }} {% set web_x = 1 %}{{ web_x }} {{ shop_port }} web_text {{ 'web_text' }}"}, ""),
    ({"templates": "{{ web_wait | default(5) }}{% if web_wait is defined %}x{% endif %}"}, ""),
    ({"templates": "{{ web_prot }}"}, "-: a template uses web_prot, and there is no such variable"),
    ({"templates": "{% for one in __web_alll %}{{ one }}{% endfor %}"}, "-: a template uses __web_alll, and there is no such variable"),
]
