/** Before and after: two panes of a map, divided by a movable line. */
import type * as L from 'leaflet';

/** Names of the panes left and right of the line. */
export const SWIPE_PANES = { left: 'swipe-left', right: 'swipe-right' } as const;

/** Creates the panes, below the other layers. */
export function createSwipePanes(map: L.Map): void {
  for (const name of Object.values(SWIPE_PANES)) map.createPane(name).style.zIndex = '250';
}

/**
 * Shows the left pane left of a line, and the right pane right of it.
 * @param slider from 0 (left edge of the map) to 100; the arrow keys move it
 * @param line an element inside that of the map, drawn between the panes
 */
export function connectSwipe(
  map: L.Map,
  slider: HTMLInputElement,
  line: HTMLElement,
): { setEnabled(on: boolean): void } {
  let enabled = true;
  const clip = (): void => {
    const size = map.getSize();
    const x = (Number(slider.value) / 100) * size.x;
    const [upperLeft, lowerRight] = [
      map.containerPointToLayerPoint([0, 0]),
      map.containerPointToLayerPoint(size),
    ];
    const at = upperLeft.x + x;
    const part = (from: number, to: number): string =>
      enabled
        ? `polygon(${[
            [from, upperLeft.y],
            [to, upperLeft.y],
            [to, lowerRight.y],
            [from, lowerRight.y],
          ]
            .map(([px, py]) => `${px}px ${py}px`)
            .join(', ')})`
        : '';
    setClip(map, SWIPE_PANES.left, part(upperLeft.x, at));
    setClip(map, SWIPE_PANES.right, part(at, lowerRight.x));
    line.hidden = !enabled;
    line.style.left = `${x}px`;
  };
  slider.addEventListener('input', clip);
  map.on('move zoom resize zoomend', clip);
  drag(map, slider, line, clip);
  clip();
  return {
    setEnabled(on) {
      enabled = on;
      slider.disabled = !on;
      clip();
    },
  };
}

function setClip(map: L.Map, name: string, path: string): void {
  const pane = map.getPane(name);
  if (pane !== undefined) pane.style.clipPath = path;
}

/** The line can also be dragged with a pointer. */
function drag(map: L.Map, slider: HTMLInputElement, line: HTMLElement, moved: () => void): void {
  line.addEventListener('pointerdown', (event) => {
    event.preventDefault();
    event.stopPropagation();
    line.setPointerCapture(event.pointerId);
    map.dragging.disable();
  });
  line.addEventListener('pointermove', (event) => {
    if (!line.hasPointerCapture(event.pointerId)) return;
    const { left, width } = map.getContainer().getBoundingClientRect();
    slider.value = String(Math.max(0, Math.min(100, (100 * (event.clientX - left)) / width)));
    moved();
  });
  line.addEventListener('pointerup', () => map.dragging.enable());
}
