--- A process that speaks JSON-RPC 2.0 with Content-Length headers on its pipes. The table
--- that start() returns has the functions of one of vim.lsp.rpc. Unlike there, a message
--- that cannot be decoded ends its request with an error, and so does a cancelled request.
local uv = vim.uv or vim.loop
local M = {}

--- Returns a function that takes chunks and returns the bodies that are complete.
local function frame_reader()
  local chunks, length, body = {}, 0, nil -- body: the length of the one that is awaited
  return function(chunk)
    table.insert(chunks, chunk)
    length = length + #chunk
    if body and length < body then return {} end
    local data, at, bodies = table.concat(chunks), 1, {}
    while true do
      if not body then
        local _, head = data:find("\r\n\r\n", at, true)
        if not head then break end
        body = tonumber(data:sub(at, head):lower():match("content%-length: *(%d+)"))
        if not body then error("a header without Content-Length") end
        at = head + 1
      end
      if #data - at + 1 < body then break end
      table.insert(bodies, data:sub(at, at + body - 1))
      at, body = at + body, nil
    end
    data = data:sub(at)
    chunks, length = { data }, #data
    return bodies
  end
end

--- Returns what a body that cannot be decoded means: the end of the request that it is the
--- reply to, or the end of the stream that it is a notification of.
local function undecodable(body, why)
  local reply = body:match('^{"jsonrpc":"2%.0","id":(%d+),')
  local stream = body:match('^{"jsonrpc":"2%.0","method":"responses/') and body:match('"requestId":(%d+)')
  return {
    id = tonumber(reply or stream),
    cancel = not reply,
    error = {
      code = -32700,
      message = "Neovim cannot decode a message of signalbox: " .. tostring(why) .. ".",
      data = { kind = "parse_error", retryable = false },
    },
  }
end

local function decode(body)
  local ok, message = pcall(vim.json.decode, body, { luanil = { object = true } })
  return ok and type(message) == "table" and message or undecodable(body, message)
end

--- Calls a function of the user's; an error in it is shown and ends nothing else.
local function call(f, ...)
  local args, n = { ... }, select("#", ...)
  local ok, message = xpcall(function() f(unpack(args, 1, n)) end, debug.traceback)
  if not ok then vim.notify("signalbox: " .. message, vim.log.levels.ERROR) end
end

--- Spawns cmd. All callbacks run in the main loop, in the order of the pipe.
--- @param cmd table the program and its arguments
--- @param on table notification(method, params), exit(code, signal)
--- @return table|nil, string|nil the functions, or nil and why it did not start
function M.start(cmd, on)
  local stdin, stdout, stderr = uv.new_pipe(false), uv.new_pipe(false), uv.new_pipe(false)
  local pending, last_id, said, ended, timers = {}, 0, "", nil, {}
  local handle, code, signal

  -- Runs once the process has ended and all that it wrote was read.
  local open = 2
  local function over()
    open = open - 1
    if open > 0 then return end
    vim.schedule(function()
      local how = signal == 0 and "has ended with code " .. code or "was ended by signal " .. signal
      local line = code + signal ~= 0 and said:match("([^\n]+)\n*$")
      ended = { code = -32603, message = "signalbox " .. how .. (line and ": " .. line or ""), data = {} }
      local waiting = pending
      pending = {}
      for _, callback in pairs(waiting) do call(callback, ended) end
      call(on.exit, code, signal)
    end)
  end

  local failure
  handle, failure = uv.spawn(cmd[1], { args = { unpack(cmd, 2) }, stdio = { stdin, stdout, stderr } }, function(c, s)
    code, signal = c, s
    for _, timer in ipairs(timers) do timer:close() end
    stdin:close()
    handle:close()
    over()
  end)
  if not handle then
    for _, pipe in ipairs({ stdin, stdout, stderr }) do pipe:close() end
    return nil, failure
  end

  local function send(message)
    if ended or stdin:is_closing() then return false end
    message.jsonrpc = "2.0"
    local body = vim.json.encode(message)
    return stdin:write("Content-Length: " .. #body .. "\r\n\r\n" .. body) ~= nil
  end

  local function notify(method, params) return send({ method = method, params = params }) end

  local function deliver(message)
    if message.method then
      if not message.id then return call(on.notification, message.method, message.params) end
      return send({ id = message.id, error = { code = -32601, message = "Neovim serves no requests." } })
    end
    local callback = message.id and pending[message.id]
    if not callback then return end
    pending[message.id] = nil
    if message.cancel then notify("$/cancelRequest", { id = message.id }) end
    call(callback, message.error, message.result)
  end

  local read = frame_reader()
  stdout:read_start(function(_, chunk)
    local ok, bodies = pcall(read, chunk or "")
    if ok and chunk then
      local messages = vim.tbl_map(decode, bodies)
      return vim.schedule(function() vim.tbl_map(deliver, messages) end)
    end
    if not ok then
      said = said .. "\n" .. cmd[1] .. " is not signalbox: " .. bodies
      handle:kill("sigterm")
    end
    stdout:close()
    over()
  end)
  stderr:read_start(function(_, chunk)
    if not chunk then return stderr:close() end
    said = (said .. chunk):sub(-4096)
  end)

  return {
    --- Returns whether it was sent, and its id; callback(err, result) is called in any case.
    request = function(method, params, callback)
      last_id = last_id + 1
      local id = last_id
      pending[id] = callback
      if send({ id = id, method = method, params = params }) then return true, id end
      pending[id] = nil
      vim.schedule(function() call(callback, ended or { code = -32603, message = "signalbox is ending", data = {} }) end)
      return false
    end,
    notify = notify,
    is_closing = function() return handle:is_closing() end,
    --- Ends stdin; SIGTERM follows after 2 s, SIGKILL after 37 s: a refreshed login may
    --- need 30 s until it is saved, and only SIGKILL loses it.
    terminate = function()
      if handle:is_closing() or #timers > 0 then return end
      stdin:shutdown()
      for name, ms in pairs({ sigterm = 2000, sigkill = 37000 }) do
        local timer = uv.new_timer()
        timer:start(ms, 0, function() handle:kill(name) end)
        table.insert(timers, timer)
      end
    end,
  }
end

return M
