#version 330 core
// One steep light with a soft-edged shadow, a sky brighter than the ground, a little light from the camera.
// Colours are lit as squares (sRGB is close to a square) and fade into the background far from the robot.

uniform sampler2DShadow shadow_map;
uniform vec3 towards_light;
uniform vec3 eye;
uniform vec3 top;
uniform vec3 bottom;
uniform float height;

in vec3 world;
in vec3 world_normal;
in vec3 lit_place;
flat in vec3 albedo;

out vec4 pixel;

const float TEXEL = 1.0 / 1024.0;

float sunlight() {
    if (any(lessThan(lit_place, vec3(0.0))) || any(greaterThan(lit_place, vec3(1.0)))) {
        return 1.0;
    }
    float z = lit_place.z - 0.0015;
    float sum = texture(shadow_map, vec3(lit_place.xy + TEXEL * vec2(-0.9, -0.3), z));
    sum += texture(shadow_map, vec3(lit_place.xy + TEXEL * vec2(0.3, -0.9), z));
    sum += texture(shadow_map, vec3(lit_place.xy + TEXEL * vec2(0.9, 0.3), z));
    sum += texture(shadow_map, vec3(lit_place.xy + TEXEL * vec2(-0.3, 0.9), z));
    return 0.25 * sum;
}

void main() {
    vec3 to_eye = normalize(eye - world);
    vec3 n = normalize(world_normal);
    n = dot(n, to_eye) < 0.0 ? -n : n;
    float facing = dot(n, towards_light);
    float sun = facing > 0.0 ? facing * sunlight() : 0.0;
    vec3 sky = mix(vec3(0.13, 0.13, 0.14), vec3(0.34, 0.36, 0.40), 0.5 * n.z + 0.5);
    float headlight = 0.16 * max(dot(n, to_eye), 0.0);
    float glint = max(dot(n, normalize(towards_light + to_eye)), 0.0);
    glint *= glint;
    glint *= glint;
    glint *= glint;
    glint *= glint;
    glint *= glint * 0.10 * min(sun * 2.0, 1.0);
    vec3 light = albedo * (sky + headlight + 0.78 * sun * vec3(1.0, 0.98, 0.94)) + glint;
    vec3 behind = mix(top, bottom, clamp(gl_FragCoord.y / height, 0.0, 1.0));
    float far = smoothstep(0.9, 2.3, length(world.xy - vec2(0.35, 0.0)));
    pixel = vec4(mix(sqrt(min(light, vec3(1.0))), behind, far), 1.0);
}
