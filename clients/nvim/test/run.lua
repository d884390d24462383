-- nvim --headless -u NONE -S test/run.lua: real Neovim, real signalbox.
local here = vim.fn.fnamemodify(vim.fn.expand("<sfile>:p"), ":h:h")
package.path = here .. "/lua/?.lua;" .. package.path
local signalbox = require("signalbox")
local command = vim.env.SIGNALBOX or (here .. "/../../signalbox")
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

-- Neovim drops the answer to a request that $/cancelRequest ended; the
-- notification comes all the same.
function tests.cancel_request()
  with("slow", function(box, seen)
    local _, id = box:request("responses/create", vim.tbl_extend("force", codex, { stream = true }))
    await("the first notification", function() return #seen > 0 end)
    box.rpc.notify("$/cancelRequest", { id = id })
    await("responses/completed", function() return #seen > 0 and seen[#seen][1] == "responses/completed" end)
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
end

local failed = 0
for _, name in ipairs(vim.fn.sort(vim.tbl_keys(tests))) do
  local ok, message = xpcall(tests[name], debug.traceback)
  io.stdout:write((ok and "ok " or "FAIL ") .. name .. "\n" .. (ok and "" or message .. "\n"))
  if not ok then failed = failed + 1 end
end
vim.cmd(failed == 0 and "qall!" or "cquit!")
