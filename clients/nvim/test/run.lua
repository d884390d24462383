-- nvim --headless -u NONE -S test/run.lua: real Neovim, real signalbox.
local here = vim.fn.fnamemodify(vim.fn.expand("<sfile>:p"), ":h:h")
package.path = here .. "/lua/?.lua;" .. package.path
local signalbox = require("signalbox")
local command = vim.env.SIGNALBOX_BIN or (here .. "/../../signalbox")
local codex = { model = "gpt-5.2-codex", input = "What is 2+2?" }

local function await(what, condition)
  assert(vim.wait(30000, condition, 5), what .. " did not come")
end

local function equal(want, got) assert(vim.deep_equal(want, got), ("want %s, got %s"):format(vim.inspect(want), vim.inspect(got))) end

--- Starts a signalbox with a scenario, runs body with it, and closes it.
local function with(scenario, body)
  local box, failed, code
  local seen = {}
  signalbox.start({
    cmd = { command, "serve", scenario and "--simulate=" .. scenario or "--simulate" },
    on_notification = function(method, params)
      if not method:match("^limits/") then table.insert(seen, { method, params }) end -- those come at any time
    end,
    on_exit = function(c) code = c end,
  }, function(err, b) failed, box = err, b end)
  await("the start", function() return box or failed end)
  assert(not failed, vim.inspect(failed))
  body(box, seen)
  box:close()
  await("the end", function() return code end)
  equal(0, code)
end

local function call(box, method, params)
  local answer
  box:request(method, params, function(err, result) answer = { err, result } end)
  await("the answer to " .. method, function() return answer end)
  return answer[1], answer[2]
end

local tests = {}

function tests.status()
  with(nil, function(box)
    equal("signalbox", box.server.serverInfo.name)
    equal("lsp", box.server.capabilities.framing)
    local status
    box:status(function(_, result) status = result end)
    await("the status", function() return status end)
    equal("authenticated", status.state)
  end)
end

function tests.stream()
  with(nil, function(box)
    local text, err, result, started = "", nil, nil, nil
    box:create(codex, {
      on_started = function(params) started = params.status end,
      on_event = function(event)
        if event.type == "response.output_text.delta" then text = text .. event.delta end
      end,
      on_done = function(e, r) err, result = e, r end,
    })
    await("the result", function() return err or result end)
    equal("2 + 2 = 4.", text)
    equal(200, started)
    equal("completed", result.status)
    equal("gpt-5.2-codex", result.evidence.effective_model)
  end)
end

function tests.cancel()
  with("slow", function(box, seen)
    local result
    local stream
    stream = box:create(codex, {
      on_started = function() stream.cancel() end,
      on_done = function(err, r) result = r or err end,
    })
    await("the result", function() return result end)
    equal("cancelled", result.status)
    local last = seen[#seen]
    equal("responses/completed", last[1])
    equal("cancelled", last[2].status)
  end)
end

function tests.cancel_request()
  with("slow", function(box, seen)
    local failure
    local _, id = box:request("responses/create", vim.tbl_extend("force", codex, { stream = true }), function(err) failure = err end)
    await("the first notification", function() return #seen > 0 end)
    box.rpc.notify("$/cancelRequest", { id = id })
    await("the error", function() return failure end)
    equal(-32800, failure.code)
    equal("responses/completed", seen[#seen][1])
    equal("cancelled", seen[#seen][2].status)
  end)
end

function tests.failure()
  with("usage-limit", function(box)
    local failure
    box:create(codex, { on_done = function(err) failure = err end })
    await("the error", function() return failure end)
    equal(1103, failure.code)
    equal("rate_limited", failure.data.kind)
  end)
end

function tests.login()
  with("logged-out", function(box, seen)
    local err, result = call(box, "auth/login", { method = "device" })
    assert(not err, vim.inspect(err))
    equal("succeeded", result.status)
    equal({ "auth/loginPrompt", "auth/changed", "auth/loginCompleted" }, vim.tbl_map(function(n) return n[1] end, seen))
    assert(seen[1][2].userCode:match("^%w%w%w%w%-%w+$"))
    equal("authenticated", result.auth.state)
  end)
end

-- An empty Lua table is an empty list on the pipe.
function tests.empty_table()
  with(nil, function(box)
    local err, result = call(box, "ping", {})
    equal(nil, err)
    equal(vim.empty_dict(), result)
  end)
end

function tests.end_without_an_answer()
  local box, failure, code
  signalbox.start({ cmd = { command, "serve", "--simulate=slow" }, on_exit = function(c) code = c end }, function(_, b) box = b end)
  await("the start", function() return box end)
  box:create(codex, { on_done = function(err) failure = err end })
  box.rpc.notify("exit", vim.empty_dict())
  await("the end", function() return code end)
  equal(1, code)
  assert(failure)
  failure = nil
  box:status(function(err) failure = err end)
  await("the error of a process that has ended", function() return failure end)
  equal("signalbox has ended with code 1", failure.message)
end

function tests.a_program_that_cannot_start()
  local failure
  signalbox.start({ cmd = { "/nonexistent/signalbox" } }, function(err) failure = err end)
  assert(failure.message:match("could not be started"), failure.message)
  for words, script in pairs({ ["out of luck"] = "echo out of luck >&2; exit 3", ["is not signalbox"] = "printf 'Hello.\r\n\r\n'; cat" }) do
    failure = nil
    signalbox.start({ cmd = { "sh", "-c", script } }, function(err) failure = err end)
    await("the error", function() return failure end)
    assert(failure.message:find(words, 1, true), failure.message)
  end
end

-- An error in a callback is shown, and the next events come all the same.
function tests.a_callback_that_fails()
  with(nil, function(box)
    local shown, notify = 0, vim.notify
    vim.notify = function(message) shown = shown + (message:match("on purpose") and 1 or 0) end
    local result
    box:create(codex, {
      on_event = function() error("on purpose") end,
      on_done = function(_, r) result = r end,
    })
    await("the result", function() return result end)
    vim.notify = notify
    assert(shown > 10, shown)
  end)
end

--- Listens on loopback and answers each request with the bytes that answer(body) returns;
--- a second value keeps the connection open for that many milliseconds, a third is how long
--- it waits before it answers.
local function serve(answer)
  local server = vim.loop.new_tcp()
  local state = { requests = 0, closed = 0 }
  assert(server:bind("127.0.0.1", 0))
  server:listen(8, function()
    local client, request = vim.loop.new_tcp(), ""
    server:accept(client)
    client:read_start(function(_, chunk)
      if not chunk then
        state.closed = state.closed + 1
        return client:close()
      end
      request = request .. chunk
      local _, head = request:find("\r\n\r\n", 1, true)
      local length = head and tonumber(request:lower():match("content%-length: *(%d+)")) or 0
      if not head or #request < head + length then return end
      state.requests = state.requests + 1
      local bytes, delay, open = answer(request:sub(head + 1))
      request = ""
      local timer = vim.loop.new_timer()
      timer:start(delay or 0, 0, function()
        timer:close()
        if client:is_closing() then return end
        client:write(bytes)
        if not open then client:shutdown() end
      end)
    end)
  end)
  state.url = "http://127.0.0.1:" .. server:getsockname().port
  state.close = function() server:close() end
  return state
end

local function http(kind, body, length)
  local head = "HTTP/1.1 200 OK\r\nContent-Type: " .. kind .. "\r\nConnection: close\r\n"
  return head .. (length and "Content-Length: " .. #body .. "\r\n" or "") .. "\r\n" .. body
end

--- Starts a signalbox that does not simulate with variables, runs body with it, closes it
--- and returns its exit code.
local function real(env, body, capabilities)
  local home = vim.fn.tempname()
  vim.fn.mkdir(home, "p")
  env.CODEX_HOME = env.CODEX_HOME or home
  for name, value in pairs(env) do vim.env[name] = value end
  local box, code, failed
  signalbox.start({
    cmd = { command, "serve" },
    capabilities = capabilities,
    on_exit = function(c) code = c end,
  }, function(err, b) failed, box = err, b end)
  await("the start", function() return box or failed end)
  for name in pairs(env) do vim.env[name] = nil end
  assert(not failed, vim.inspect(failed))
  body(box)
  box:close()
  await("the end", function() return code end)
  return code
end

--- An upstream whose stream, which does not end, and whose whole answer hold half a
--- surrogate pair, which vim.json refuses; and the variables that lead there.
local function half_a_pair()
  local upstream = serve(function(body)
    if not vim.json.decode(body).stream then
      return http("application/json", [[{"id":"resp_1","object":"response","status":"completed","model":"gpt-5.2-pro","output":[],"metadata":{"a":"\ud800"}}]], true)
    end
    local events = {
      [[{"type":"response.created","response":{"id":"resp_1","status":"in_progress","model":"gpt-5.2-pro"}}]],
      [[{"type":"response.output_text.delta","delta":"before"}]],
      [[{"type":"response.output_text.delta","delta":"\ud800"}]],
      [[{"type":"response.output_text.delta","delta":"after"}]],
    }
    return http("text/event-stream", "data: " .. table.concat(events, "\n\ndata: ") .. "\n\n"), 0, true
  end)
  return upstream, { OPENAI_API_KEY = "sk-signalbox-canary", OPENAI_BASE_URL = upstream.url .. "/v1" }
end

local pro = { model = "gpt-5.2-pro", input = "x" }

-- No hole in the text, but an error; and the upstream does not go on.
function tests.a_message_that_cannot_be_decoded()
  local upstream, env = half_a_pair()
  local code = real(env, function(box)
    local text, failure = "", nil
    box:create(pro, {
      on_event = function(event) text = text .. (event.delta or "") end,
      on_done = function(err) failure = err end,
    })
    await("the error of the stream", function() return failure end)
    equal(-32700, failure.code)
    assert(failure.message:match("invalid unicode escape"), failure.message)
    equal("before", text)
    await("the end of the upstream's stream", function() return upstream.closed == 1 end)
    local err = call(box, "responses/create", pro)
    equal({ -32700, "parse_error" }, { err.code, err.data.kind })
    local _, pong = call(box, "ping")
    equal(vim.empty_dict(), pong)
    equal("before", text)
  end, { general = { wellFormedStrings = false } })
  equal(0, code)
  upstream.close()
end

function tests.half_a_surrogate_pair()
  local upstream, env = half_a_pair()
  local code = real(env, function(box)
    local text = ""
    local stream = box:create(pro, { on_event = function(event) text = text .. (event.delta or "") end })
    await("the text", function() return text == "before\239\191\189after" end)
    stream.cancel()
    local err, result = call(box, "responses/create", pro)
    assert(not err, vim.inspect(err))
    equal("\239\191\189", result.response.metadata.a)
  end)
  equal(0, code)
  upstream.close()
end

-- The issuer answers long after close(): the login that it refreshed is saved.
function tests.close_waits_for_a_refreshed_login()
  local auth
  with(nil, function(box)
    local _, status = call(box, "auth/status")
    auth = vim.json.decode(table.concat(vim.fn.readfile(status.file.path), "\n"))
  end)
  auth.tokens.oauth_provenance = nil
  local home = vim.fn.tempname()
  vim.fn.mkdir(home, "p", 448) -- 0700
  vim.fn.writefile({ vim.json.encode(auth) }, home .. "/auth.json")
  local issuer = serve(function()
    local tokens = { id_token = auth.tokens.id_token, access_token = auth.tokens.access_token, refresh_token = "rt_signalbox-canary.2" }
    return http("application/json", vim.json.encode(tokens), true), 6000
  end)
  local failure
  local code = real({ CODEX_HOME = home, CODEX_REFRESH_TOKEN_URL_OVERRIDE = issuer.url .. "/oauth/token" }, function(box)
    box:request("auth/refresh", nil, function(err) failure = err end)
    await("the refresh", function() return issuer.requests == 1 end)
  end)
  equal(0, code)
  equal(-32800, failure.code)
  auth = vim.json.decode(table.concat(vim.fn.readfile(home .. "/auth.json"), "\n"))
  equal("rt_signalbox-canary.2", auth.tokens.refresh_token)
  issuer.close()
end

-- The snippet of the README, as it stands; the signalbox on the PATH has the simulator in
-- place of OpenAI.
function tests.readme()
  local folder = vim.fn.tempname()
  vim.fn.mkdir(folder, "p")
  vim.fn.writefile({ "#!/bin/sh", ("exec '%s' \"$@\" --simulate"):format(command) }, folder .. "/signalbox")
  vim.fn.setfperm(folder .. "/signalbox", "rwxr-xr-x")
  local path, binary, notify, said = vim.env.PATH, vim.env.SIGNALBOX_BIN, vim.notify, nil
  vim.env.PATH, vim.env.SIGNALBOX_BIN = folder .. ":" .. path, nil
  vim.notify = function(message) said = message end
  local snippets = {}
  for snippet in (table.concat(vim.fn.readfile(here .. "/README.md"), "\n") .. "\n"):gmatch("\n```lua\n(.-)\n```\n") do
    table.insert(snippets, snippet)
  end
  equal(1, #snippets)
  vim.cmd("enew")
  assert(loadstring(snippets[1]))()
  await("the end of the stream", function() return said end)
  vim.env.PATH, vim.env.SIGNALBOX_BIN, vim.notify = path, binary, notify
  equal("completed", said)
  equal({ "2 + 2 = 4." }, vim.api.nvim_buf_get_lines(0, 0, -1, false))
end

local failed = 0
for _, name in ipairs(vim.fn.sort(vim.tbl_keys(tests))) do
  local ok, message = xpcall(tests[name], debug.traceback)
  io.stdout:write((ok and "ok " or "FAIL ") .. name .. "\n" .. (ok and "" or message .. "\n"))
  if not ok then failed = failed + 1 end
end
vim.cmd(failed == 0 and "qall!" or "cquit!")
