// The drop field: sends files to our own route in a stream, with a bar and a way to stop,
// and tells the page the number of the upload when all of them have arrived.
const send = (method, url, body, language, onProgress, hold) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    hold.request = request;
    request.open(method, url);
    request.setRequestHeader("X-GridAtlas", "1");
    request.setRequestHeader("Accept-Language", language);
    if (body) request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { answer = {}; }
      if (request.status === 201) resolve(answer);
      else reject({ sentence: answer.error, remedy: answer.remedy });
    };
    request.onerror = () => reject({});
    request.onabort = () => reject({ stopped: true });
    request.send(body);
  });

export default function ({ parentElement, data, setTriggerValue }) {
  const at = (name) => parentElement.querySelector(name);
  const [field, input, choose, stop, title, hint, bar, bad] =
    [".drop", "input", ".choose", ".stop", ".words b", ".words span", "progress", ".bad"].map(at);
  const hold = (parentElement.gridatlasHold ??= { request: null, busy: false });
  const say = (head, below) => { title.textContent = head; hint.textContent = below; };
  const rest = () => { say(data.title, data.hint); bar.hidden = stop.hidden = true; choose.hidden = false; };
  const complain = (sentence, remedy) => {
    bad.replaceChildren(Object.assign(document.createElement("b"), { textContent: sentence }), ` ${remedy}`);
    bad.hidden = false;
  };
  choose.textContent = data.choose;
  stop.textContent = data.stop;
  input.setAttribute("aria-label", data.title);
  if (!hold.busy) rest();

  const upload = async (files) => {
    if (!files.length || hold.busy) return;
    bad.hidden = true;
    const total = files.reduce((sum, file) => sum + file.size, 0);
    if (total > data.limit) return complain(data.tooLarge, data.tooLargeRemedy);
    hold.busy = true;
    choose.hidden = true; stop.hidden = bar.hidden = false; bar.value = 0;
    try {
      const { id } = await send("POST", "/uploads", null, data.language, () => {}, hold);
      let done = 0;
      for (const file of files) {
        say(data.sending, file.name);
        const url = `/uploads/${id}?name=${encodeURIComponent(file.name)}`;
        await send("PUT", url, file, data.language, (loaded) => { bar.value = total ? (done + loaded) / total : 1; }, hold);
        done += file.size;
      }
      say(data.reading, files[0].name);
      bar.removeAttribute("value");
      stop.hidden = true;
      setTriggerValue("uploaded", id);
    } catch (error) {
      if (!error.stopped) complain(error.sentence ?? data.broken, error.remedy ?? data.brokenRemedy);
      rest();
    } finally {
      hold.busy = false;
      input.value = "";
    }
  };
  choose.onclick = () => input.click();
  stop.onclick = () => hold.request?.abort();
  input.onchange = () => upload([...input.files]);
  field.ondragover = (event) => { event.preventDefault(); field.classList.add("over"); };
  field.ondragleave = () => field.classList.remove("over");
  field.ondrop = (event) => { event.preventDefault(); field.classList.remove("over"); upload([...event.dataTransfer.files]); };
}
