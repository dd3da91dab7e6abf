/** What hands, wheels and fingers ask for. Places are pixels within the surface. */
export interface Gestures {
  /** Moves what is shown by so many pixels, as if one held it. */
  pan: (dx: number, dy: number) => void;
  /** Shows `factor` times more of each second; the time at `y` stays. */
  zoom: (factor: number, y: number) => void;
  /** The reader points at a place, or at none any more. */
  point: (x: number | undefined, y: number) => void;
  /** The reader chooses what is at a place. */
  choose: (x: number, y: number, event: PointerEvent) => void;
}

/** Pixels that a hand may shake while it taps. */
const SHAKE = 5;
/** Of the speed with which a finger leaves, this share is left after each millisecond. */
const FRICTION = 0.996;
const SLOWEST = 0.02;
const LINE = 16;
const PAGE = 400;

interface Finger {
  x: number;
  y: number;
}

/** Listens on a surface; gives what ends that. */
export function listen(surface: HTMLElement, gestures: Gestures): () => void {
  const fingers = new Map<number, Finger>();
  let moved = 0;
  let last = 0;
  let speed = { x: 0, y: 0 };
  let glide = 0;

  const place = (event: PointerEvent | WheelEvent): Finger => {
    const { left, top } = surface.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const stop = (): void => cancelAnimationFrame(glide);

  function wheel(event: WheelEvent): void {
    event.preventDefault();
    stop();
    const unit = event.deltaMode === 1 ? LINE : event.deltaMode === 2 ? PAGE : 1;
    // A pinch on a touchpad comes as a wheel with Ctrl.
    if (event.ctrlKey || event.metaKey) return gestures.zoom(Math.exp(-event.deltaY * unit * 0.004), place(event).y);
    const sideways = event.shiftKey && event.deltaX === 0;
    gestures.pan(-(sideways ? event.deltaY : event.deltaX) * unit, sideways ? 0 : -event.deltaY * unit);
  }

  function down(event: PointerEvent): void {
    if (event.pointerType === 'mouse' && event.button > 1) return;
    stop();
    if (fingers.size === 0) moved = 0;
    fingers.set(event.pointerId, place(event));
    last = event.timeStamp;
    speed = { x: 0, y: 0 };
  }

  function move(event: PointerEvent): void {
    const at = place(event);
    const before = fingers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === 'mouse') gestures.point(at.x, at.y);
      return;
    }
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    fingers.set(event.pointerId, at);
    const [dx, dy] = [at.x - before.x, at.y - before.y];
    moved += Math.abs(dx) + Math.abs(dy);
    if (moved <= SHAKE) return;
    // Not before it moves: else a click would not be one.
    if (!surface.hasPointerCapture(event.pointerId)) surface.setPointerCapture(event.pointerId);
    if (other) return pinch(before, at, other);
    gestures.point(undefined, 0);
    gestures.pan(dx, dy);
    const time = Math.max(1, event.timeStamp - last);
    last = event.timeStamp;
    speed = { x: 0.6 * speed.x + 0.4 * (dx / time), y: 0.6 * speed.y + 0.4 * (dy / time) };
  }

  function pinch(before: Finger, at: Finger, other: Finger): void {
    const distance = (one: Finger): number => Math.hypot(one.x - other.x, one.y - other.y);
    gestures.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
    gestures.zoom(Math.max(8, distance(at)) / Math.max(8, distance(before)), (at.y + other.y) / 2);
  }

  function up(event: PointerEvent): void {
    const at = fingers.get(event.pointerId);
    if (!at) return;
    fingers.delete(event.pointerId);
    if (event.type === 'pointercancel') return;
    if (moved <= SHAKE) {
      if (fingers.size === 0) gestures.choose(at.x, at.y, event);
    } else if (fingers.size === 0 && event.pointerType !== 'mouse' && event.timeStamp - last < 60) roll();
  }

  /** Goes on a while after a finger left. */
  function roll(): void {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    let before = performance.now();
    const step = (now: number): void => {
      const time = Math.min(50, now - before);
      before = now;
      gestures.pan(speed.x * time, speed.y * time);
      const left = FRICTION ** time;
      speed = { x: speed.x * left, y: speed.y * left };
      if (Math.hypot(speed.x, speed.y) > SLOWEST) glide = requestAnimationFrame(step);
    };
    glide = requestAnimationFrame(step);
  }

  const leave = (event: PointerEvent): void => {
    if (event.pointerType === 'mouse' && !fingers.has(event.pointerId)) gestures.point(undefined, 0);
  };
  const handlers: [string, (event: never) => void, AddEventListenerOptions?][] = [
    ['wheel', wheel, { passive: false }], ['pointerdown', down], ['pointermove', move], ['pointerup', up], ['pointercancel', up], ['pointerleave', leave],
  ];
  for (const [name, handler, options] of handlers) surface.addEventListener(name, handler as EventListener, options);
  return () => {
    stop();
    for (const [name, handler] of handlers) surface.removeEventListener(name, handler as EventListener);
  };
}
