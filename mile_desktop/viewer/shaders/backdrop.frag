#version 330 core

uniform vec3 top;
uniform vec3 bottom;
uniform float height;

out vec4 pixel;

void main() {
    pixel = vec4(mix(top, bottom, gl_FragCoord.y / height), 1.0);
}
