"""Leads the arrows of a diagram around its boxes. Pure."""

from __future__ import annotations

from config.console.diagram_shapes import BOX_WIDTH, Edge, Node, Words


class Router:
    """Leads the arrows: straight where nothing is in the way, else along lanes of their own below the boxes."""

    def __init__(self, nodes: list[Node], gap: float) -> None:
        self.nodes = {node.key: node for node in nodes}
        self.stride = BOX_WIDTH + gap
        self.bottom = max(node.y + node.height for node in nodes)
        self._first_lane = True
        self._ports: dict[tuple[str, str], int] = {}
        self._gaps: dict[int, int] = {}
        self._tip = (0.0, 0.0)

    def distance(self, edge: Edge) -> tuple[int, float]:
        source, target = self.nodes[edge.source], self.nodes[edge.target]
        columns = round((target.x - source.x) / self.stride)
        return (abs(columns), abs(target.y - source.y))

    def route(self, edge: Edge) -> None:
        source, target = self.nodes[edge.source], self.nodes[edge.target]
        columns = round((target.x - source.x) / self.stride)
        if columns == 0:
            self._vertical(edge, source, target)
        elif columns == 1 or (columns > 1 and self._is_free(source, target)):
            self._forward(edge, source, target)
        elif columns == -1 and source.y != target.y:
            self._forward(edge, target, source, reverse=True)
        else:
            self._around(edge, source, target)

    def _is_free(self, source: Node, target: Node) -> bool:
        """Whether a straight arrow would meet no other box."""
        for node in self.nodes.values():
            if node in (source, target) or not source.x < node.x < target.x:
                continue
            part = (node.centre_x - source.centre_x) / (target.centre_x - source.centre_x)
            at = source.centre_y + part * (target.centre_y - source.centre_y)
            if abs(at - node.centre_y) < node.height * 1.4:
                return False
        return True

    def _port(self, node: Node, side: str) -> float:
        """The next free place along a side of a box, spread from its middle: 0, +13, -13, +26 …"""
        used = self._ports.get((node.key, side), 0)
        self._ports[(node.key, side)] = used + 1
        step = 13 * ((used + 1) // 2) * (1 if used % 2 else -1)
        limit = (node.width if side in ("top", "bottom") else node.height) / 2 - 7
        return max(-limit, min(limit, step))

    def _forward(self, edge: Edge, left: Node, right: Node, reverse: bool = False) -> None:
        x1, y1 = left.x + left.width, left.centre_y + self._port(left, "right")
        x2, y2 = right.x, right.centre_y + self._port(right, "left")
        bend = (x2 - x1) / 2
        edge.path = f"M{x1:.0f},{y1:.0f} C{x1 + bend:.0f},{y1:.0f} {x2 - bend:.0f},{y2:.0f} {x2:.0f},{y2:.0f}"
        to_right, to_left = _arrow(x2, y2, "right"), _arrow(x1, y1, "left")
        there, back = (to_left, to_right) if reverse else (to_right, to_left)
        edge.arrows = [there, back] if edge.both_ways else [there]
        edge.words = Words.around((x1 + x2) / 2, (y1 + y2) / 2, edge.text, 17)

    def _vertical(self, edge: Edge, source: Node, target: Node) -> None:
        down = target.y > source.y
        x1 = source.centre_x + self._port(source, "bottom" if down else "top")
        x2 = target.centre_x + self._port(target, "top" if down else "bottom")
        y1, y2 = source.y + (source.height if down else 0), target.y + (0 if down else target.height)
        pull = 20 if down else -20
        edge.path = f"M{x1:.0f},{y1:.0f} C{x1:.0f},{y1 + pull:.0f} {x2:.0f},{y2 - pull:.0f} {x2:.0f},{y2:.0f}"
        edge.arrows = [_arrow(x2, y2, "down" if down else "up")]
        if edge.both_ways:
            edge.arrows.append(_arrow(x1, y1, "up" if down else "down"))
        edge.words = Words.around((x1 + x2) / 2, (y1 + y2) / 2, edge.text, 20)

    def _around(self, edge: Edge, source: Node, target: Node) -> None:
        """Backwards, or past other boxes: down, along a lane of its own below everything, and up again.

        Where a box stands underneath, the way goes through the gap beside the column.
        """
        lane = self.bottom + (20 if self._first_lane else 16)
        self._first_lane, self.bottom = False, lane
        start, x1 = self._way_down(source)
        end, x2, direction = self._way_up(target)
        side = 9 if x2 > x1 else -9
        edge.path = (
            f"{start} V{lane - 9:.0f} Q{x1:.0f},{lane:.0f} {x1 + side:.0f},{lane:.0f} "
            f"H{x2 - side:.0f} Q{x2:.0f},{lane:.0f} {x2:.0f},{lane - 9:.0f} {end}"
        )
        x, y = self._tip
        edge.arrows = [_arrow(x, y, direction)]
        if edge.both_ways:
            edge.arrows.append(_arrow(x1, source.y + source.height, "up"))
        edge.words = Words.around((x1 + x2) / 2, lane, edge.text, 60)

    def _stands_above_another(self, node: Node) -> bool:
        return any(other.x == node.x and other.y > node.y for other in self.nodes.values())

    def _way_down(self, node: Node) -> tuple[str, float]:
        """How an arrow leaves a box towards the lanes: the beginning of its path, and where it then is."""
        if not self._stands_above_another(node):
            x = node.centre_x + self._port(node, "bottom")
            return f"M{x:.0f},{node.y + node.height:.0f}", x
        y = node.centre_y + self._port(node, "right")
        x = node.x + node.width + 12 + 6 * self._next_in_gap(node.x)
        return f"M{node.x + node.width:.0f},{y:.0f} H{x - 6:.0f} Q{x:.0f},{y:.0f} {x:.0f},{y + 6:.0f}", x

    def _way_up(self, node: Node) -> tuple[str, float, str]:
        """How an arrow comes into a box from the lanes: the end of its path, where it comes up, its head's direction."""
        if not self._stands_above_another(node):
            x, y = node.centre_x + self._port(node, "bottom"), node.y + node.height
            self._tip = (x, y)
            return f"V{y:.0f}", x, "up"
        y = node.centre_y + self._port(node, "left")
        x = node.x - 14 - 6 * self._next_in_gap(node.x - self.stride)
        self._tip = (node.x, y)
        return f"V{y + 6:.0f} Q{x:.0f},{y:.0f} {x + 6:.0f},{y:.0f} H{node.x:.0f}", x, "right"

    def _next_in_gap(self, column_x: float) -> int:
        """The next free track in the gap to the right of a column."""
        used = self._gaps.get(round(column_x), 0)
        self._gaps[round(column_x)] = used + 1
        return used


def _arrow(x: float, y: float, direction: str) -> str:
    shapes = {
        "left": ((0, 0), (8, -4), (8, 4)),
        "right": ((0, 0), (-8, -4), (-8, 4)),
        "down": ((0, 0), (-4, -8), (4, -8)),
        "up": ((0, 0), (-4, 8), (4, 8)),
    }
    return " ".join(f"{x + dx:.0f},{y + dy:.0f}" for dx, dy in shapes[direction])
