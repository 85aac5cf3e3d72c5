#version 330 core
// The picture is drawn upside down, so that its first row in memory is the top one.

layout(std140) uniform Models { mat4 models[256]; };
uniform mat4 view_projection;
uniform mat4 light;

in vec3 place;
in vec3 normal;
in vec3 colour;
in float shape;

out vec3 world;
out vec3 world_normal;
out vec3 lit_place;
flat out vec3 albedo;

void main() {
    mat4 model = models[int(shape)];
    vec4 at = model * vec4(place, 1.0);
    world = at.xyz;
    world_normal = mat3(model) * normal;
    // looked up a little off the surface: no surface shades itself
    lit_place = (light * vec4(at.xyz + 0.003 * world_normal, 1.0)).xyz * 0.5 + 0.5;
    albedo = colour * colour;
    gl_Position = view_projection * at;
    gl_Position.y = -gl_Position.y;
}
