import { describe, expect, it } from 'vitest';

import { GROUNDS, groundOf, letterOf } from '../../src/lib/avatar.ts';

describe('avatars', () => {
  it('are the same however somebody is written, and differ between people', () => {
    for (const way of ['Ada Kern <Ada@gauge.example>', 'ada@gauge.example', ' A. Kern  <ada@gauge.example> ']) {
      expect(letterOf(way)).toBe('A');
      expect(groundOf(way)).toEqual(groundOf('ada@gauge.example'));
    }
    const team = ['ada', 'ben', 'chris', 'dora', 'eli', 'fay', 'gus', 'hana'].map((name) => groundOf(`${name}@gauge.example`));
    expect(new Set(team).size).toBeGreaterThan(3);
  });
  it('have the letter that the master draws: the first of the address, else of the name', () => {
    expect(letterOf('Mei Sato <sato@gauge.example>')).toBe('S');
    expect(letterOf('“Überall” & Co')).toBe('Ü');
    expect(letterOf('42nd robot')).toBe('4');
    expect(letterOf('<&>')).toBe('?');
    expect(letterOf('')).toBe('?');
  });
  // `--on-mark`, and `--panel` and `--bg`, of light and dark.
  const themes = [
    { page: 'light', at: 0, letter: '#ffffff', grounds: ['#ffffff', '#f5f6f8'] },
    { page: 'dark', at: 1, letter: '#14181b', grounds: ['#191d21', '#111417'] },
  ] as const;
  for (const { page, at, letter, grounds } of themes) {
    it(`can be read, and are told apart by the colour-blind, on a ${page} page`, () => {
      const colours = GROUNDS.map((pair) => pair[at]);
      for (const colour of colours) {
        expect(contrast(colour, letter)).toBeGreaterThanOrEqual(4.5);
        for (const ground of grounds) expect(contrast(colour, ground)).toBeGreaterThanOrEqual(3);
      }
      for (const eyes of EYES) {
        const seen = colours.map((colour) => lab(see(colour, eyes)));
        for (const [i, one] of seen.entries()) for (const other of seen.slice(i + 1)) expect(Math.hypot(...one.map((n, k) => n - (other[k] ?? 0)))).toBeGreaterThan(20);
      }
    });
  }
});

/** How eyes that lack one of the cones see red, green and blue, linear; the first of them lack none. By Machado and others, 2009. */
const EYES = [
  [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
];

function linear(colour: string): number[] {
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  return parts.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
}
const mix = (by: readonly number[], of: readonly number[]): number => by.reduce((sum, part, i) => sum + part * (of[i] ?? 0), 0);
const see = (colour: string, eyes: number[][]): number[] => eyes.map((row) => Math.min(1, Math.max(0, mix(row, linear(colour)))));

/** As WCAG has it. */
function contrast(one: string, other: string): number {
  const light = (colour: string): number => mix([0.2126, 0.7152, 0.0722], linear(colour)) + 0.05;
  return Math.max(light(one), light(other)) / Math.min(light(one), light(other));
}
/** Linear colours in CIELAB, where distances are about as eyes see them. */
function lab(colour: number[]): number[] {
  const [x, y, z] = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]].map((row) => mix(row, colour));
  const [fx = 0, fy = 0, fz = 0] = [(x ?? 0) / 0.95047, y ?? 0, (z ?? 0) / 1.08883].map((t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116));
  return [116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)];
}
