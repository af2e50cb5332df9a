"""The inner loops of the cloth simulation and of its measures, compiled by warp for the CPU."""

import warp as wp


@wp.kernel(enable_backward=False)
def predict(
    x: wp.array(dtype=wp.vec3),
    before: wp.array(dtype=wp.vec3),
    speed: wp.array(dtype=wp.vec3),
    gravity: wp.vec3,
    seconds: float,
    drag: float,
):
    """Move each vertex by its speed and by gravity."""
    i = wp.tid()
    before[i] = x[i]
    x[i] = x[i] + (speed[i] * (1.0 - drag * seconds) + gravity * seconds) * seconds


@wp.kernel(enable_backward=False)
def hold_lengths(
    x: wp.array(dtype=wp.vec3),
    pairs: wp.array(dtype=wp.vec2i),
    rest: wp.array(dtype=float),
    stretch: wp.array(dtype=float),
    compress: wp.array(dtype=float),
):
    """One sweep of Gauss-Seidel over length constraints: a single thread, in place."""
    for k in range(pairs.shape[0]):
        i = pairs[k][0]
        j = pairs[k][1]
        gap = x[j] - x[i]
        length = wp.length(gap)
        if length > 1.0e-9:
            off = length - rest[k]
            share = wp.where(off > 0.0, stretch[k], compress[k])
            move = gap * (0.5 * share * off / length)
            x[i] = x[i] + move
            x[j] = x[j] - move


@wp.kernel(enable_backward=False)
def find_contacts(
    x: wp.array(dtype=wp.vec3),
    mesh: wp.uint64,
    reach: float,
    face: wp.array(dtype=int),
    weights: wp.array(dtype=wp.vec2),
):
    """For each vertex the nearest triangle of the body within reach, -1 for none."""
    i = wp.tid()
    found = wp.mesh_query_point_no_sign(mesh, x[i], reach)
    face[i] = wp.where(found.result, found.face, -1)
    weights[i] = wp.vec2(found.u, found.v)


@wp.func
def on_face(points: wp.array(dtype=wp.vec3), a: int, b: int, c: int, u: float, v: float) -> wp.vec3:
    """A point of a triangle by its barycentric weights."""
    return points[a] * u + points[b] * v + points[c] * (1.0 - u - v)


@wp.kernel(enable_backward=False)
def touch(
    x: wp.array(dtype=wp.vec3),
    before: wp.array(dtype=wp.vec3),
    face: wp.array(dtype=int),
    weights: wp.array(dtype=wp.vec2),
    corners: wp.array(dtype=int),
    source: wp.array(dtype=wp.vec3),
    target: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    distance: wp.array(dtype=float),
    share: float,
    step: float,
    friction: float,
    cap: float,
):
    """Push vertices out of the body along its normals, with friction."""
    i = wp.tid()
    f = face[i]
    if f < 0:
        return
    a = corners[3 * f]
    b = corners[3 * f + 1]
    c = corners[3 * f + 2]
    u = weights[i][0]
    v = weights[i][1]
    start = on_face(source, a, b, c, u, v)
    travel = on_face(target, a, b, c, u, v) - start
    point = start + travel * share
    normal = wp.normalize(on_face(normals, a, b, c, u, v))
    depth = distance[i] - wp.dot(x[i] - point, normal)
    if depth <= 0.0:
        return
    push = normal * wp.min(depth, cap)
    x[i] = x[i] + push
    # A push out of the body is no speed: with it, what sank in a little would be shot away.
    before[i] = before[i] + push
    slip = x[i] - before[i] - travel * step
    slip = slip - normal * wp.dot(slip, normal)
    x[i] = x[i] - slip * friction


@wp.kernel(enable_backward=False)
def pull(
    x: wp.array(dtype=wp.vec3),
    who: wp.array(dtype=int),
    face: wp.array(dtype=int),
    weights: wp.array(dtype=wp.vec2),
    height: wp.array(dtype=float),
    corners: wp.array(dtype=int),
    source: wp.array(dtype=wp.vec3),
    target: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    share: float,
    strength: float,
):
    """Draw held vertices towards their points of the body."""
    k = wp.tid()
    f = face[k]
    if f < 0:
        return
    a = corners[3 * f]
    b = corners[3 * f + 1]
    c = corners[3 * f + 2]
    u = weights[k][0]
    v = weights[k][1]
    start = on_face(source, a, b, c, u, v)
    point = start + (on_face(target, a, b, c, u, v) - start) * share
    normal = wp.normalize(on_face(normals, a, b, c, u, v))
    i = who[k]
    x[i] = x[i] + (point + normal * height[k] - x[i]) * strength


@wp.kernel(enable_backward=False)
def update_speed(
    x: wp.array(dtype=wp.vec3),
    before: wp.array(dtype=wp.vec3),
    speed: wp.array(dtype=wp.vec3),
    seconds: float,
    limit: float,
):
    """Speeds from positions before and after, limited."""
    i = wp.tid()
    now = (x[i] - before[i]) / seconds
    size = wp.length(now)
    if size > limit:
        now = now * (limit / size)
    speed[i] = now


@wp.kernel(enable_backward=False)
def look_along_y(mesh: wp.uint64, points: wp.array(dtype=wp.vec2), hits: wp.array(dtype=wp.vec2)):
    """Where lines along y enter and leave a mesh; 9 where they miss it."""
    i = wp.tid()
    x = points[i][0]
    z = points[i][1]
    front = wp.mesh_query_ray(mesh, wp.vec3(x, -2.0, z), wp.vec3(0.0, 1.0, 0.0), 4.0)
    back = wp.mesh_query_ray(mesh, wp.vec3(x, 2.0, z), wp.vec3(0.0, -1.0, 0.0), 4.0)
    if front.result and back.result:
        hits[i] = wp.vec2(front.t - 2.0, 2.0 - back.t)
    else:
        hits[i] = wp.vec2(9.0, 9.0)


@wp.kernel(enable_backward=False)
def depth(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    depth: wp.array(dtype=float),
):
    """How deep points lie in a mesh, metres."""
    i = wp.tid()
    found = wp.mesh_query_point_no_sign(mesh, points[i], 0.05)
    if found.result:
        corners = wp.mesh_get(mesh).indices
        a = corners[3 * found.face]
        b = corners[3 * found.face + 1]
        c = corners[3 * found.face + 2]
        normal = normals[a] * found.u + normals[b] * found.v
        normal = wp.normalize(normal + normals[c] * (1.0 - found.u - found.v))
        on = wp.mesh_eval_position(mesh, found.face, found.u, found.v)
        depth[i] = wp.dot(on - points[i], normal)
