/** The text of a file, by the page's build. */
declare module '*?source' {
  const text: string;
  export default text;
}
