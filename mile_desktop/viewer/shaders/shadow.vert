#version 330 core

layout(std140) uniform Models { mat4 models[256]; };
uniform mat4 light;

in vec3 place;
in float shape;

void main() {
    gl_Position = light * (models[int(shape)] * vec4(place, 1.0));
}
